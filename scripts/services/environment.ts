/** Endpoints as a shell takes them, and as the environment names them. */
import { ENDPOINT_NAMES, type Endpoints } from '../../src/fixtures/service-endpoints.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Exports {
  readonly endpoints: Endpoints;
  readonly adminKey: string;
}

/** `export NAME='value'`, in the closed list's order: a shell can source it. */
export function exportLines({ endpoints, adminKey }: Exports): string {
  const lines = ENDPOINT_NAMES.flatMap((name) => {
    const value = endpoints[name];
    return value === undefined ? [] : [exportLine(name, value)];
  });
  return [...lines, exportLine('GAVEL_ADMIN_KEY', adminKey), ''].join('\n');
}

function exportLine(name: string, value: string): string {
  return `export ${name}=${quote(value)}`;
}

/** Within single quotes a shell reads everything as it stands but the quote itself. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
