/** `npm run services`: starts, stops or shows real services. Standard output is for the shell alone. */
import { relative } from 'node:path';

import { exportLines, type Exports } from './environment.ts';
import { readOrder } from './order.ts';
import { projectPlace } from './place.ts';
import { ensureServices, envFile, readServices, stopServices } from './running.ts';
import { inWords } from './words.ts';

const place = projectPlace();

try {
  await obey(process.argv.slice(2));
} catch (error) {
  place.say((error as Error).message);
  process.exitCode = 1;
}

async function obey(words: readonly string[]): Promise<void> {
  const order = readOrder(words);
  switch (order.kind) {
    case 'refused':
      throw new Error(order.reason);
    case 'help':
      process.stdout.write(order.usage);
      return;
    case 'stop':
      return stopServices(place);
    case 'status':
      print(await readServices(place));
      return;
    case 'start': {
      const exports = await ensureServices(place, order.names, { kind: 'person' });
      const file = relative(process.cwd(), envFile(place.folder));
      place.say(`${inWords(order.names)}: ready. \`. ${file}\` takes the addresses into a shell.`);
      print(exports);
    }
  }
}

function print(exports: Exports): void {
  if (Object.keys(exports.endpoints).length === 0) place.say('nothing is running');
  else process.stdout.write(exportLines(exports));
}
