/** What `npm run services -- …` was told. */
import { DEFAULT_SERVICES, SERVICE_NAMES, type ServiceName } from './catalog.ts';
import { inWords } from './words.ts';

export type Order =
  | { readonly kind: 'start'; readonly names: readonly ServiceName[] }
  | { readonly kind: 'stop' }
  | { readonly kind: 'status' }
  | { readonly kind: 'help'; readonly usage: string }
  | { readonly kind: 'refused'; readonly reason: string };

const USAGE =
  'usage: npm run services [-- NAME… | all | stop | status]\n' +
  `Starts ${inWords(DEFAULT_SERVICES)}, or what is named of ${inWords(SERVICE_NAMES)}.\n` +
  'What runs already is left as it is; `. .services/env` takes the addresses into a shell.\n';

export function readOrder(words: readonly string[]): Order {
  if (words.length === 0) return { kind: 'start', names: DEFAULT_SERVICES };
  const [word] = words;
  if (words.length === 1 && (word === 'stop' || word === 'status')) return { kind: word };
  if (words.some((each) => each === '--help' || each === '-h')) return { kind: 'help', usage: USAGE };
  if (words.length === 1 && word === 'all') return { kind: 'start', names: SERVICE_NAMES };
  const unknown = words.filter((name) => !isServiceName(name));
  if (unknown.length === 0) return { kind: 'start', names: words.filter(isServiceName) };
  return {
    kind: 'refused',
    reason: `no service is called ${unknown.join(', ')}: name some of ${inWords(SERVICE_NAMES)}, or one of all, stop, status.`,
  };
}

function isServiceName(name: string): name is ServiceName {
  return (SERVICE_NAMES as readonly string[]).includes(name);
}
