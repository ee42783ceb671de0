/** What a service is, and the closed list of them. */
import type { EndpointName } from '../../src/fixtures/service-endpoints.ts';
import type { PortName, PortOf } from './ports.ts';
import type { Program } from './program.ts';
import type { Workshop } from './workshop.ts';

export const SERVICE_NAMES = [
  'postgres',
  'postgres-replica',
  'redis',
  'redis-cluster',
  'kafka',
  'toxiproxy',
  'prometheus',
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** What Gavel itself can use: started where nothing is named. */
export const DEFAULT_SERVICES: readonly ServiceName[] = ['postgres', 'redis', 'kafka'];

/** One operating system's process each. */
export type ProcessName =
  Exclude<ServiceName, 'redis-cluster'> | 'redis-cluster-1' | 'redis-cluster-2' | 'redis-cluster-3';

export interface Service {
  /** The variable that names one from elsewhere, and that its address is printed as. */
  readonly endpoint: EndpointName;
  /** Started first; listed before it in SERVICE_NAMES. */
  readonly needs: readonly ServiceName[];
  readonly processes: readonly ProcessName[];
  /** Nobody else may listen there when it starts. */
  readonly ports: readonly PortName[];
  /** What must be installed to run it natively, given which downloads are there already. */
  readonly programs: (isCached: (name: string) => boolean) => readonly Program[];
  /** For a downloading or compiling service more than for one that only starts. */
  readonly readyWithinMs: number;
  /** Its address, with the given ports. */
  readonly url: (portOf: PortOf) => string;
  /** A real request; rejects where it isn't answered. Settles within seconds whatever happens. */
  readonly probe: (url: string) => Promise<void>;
  /** Downloads and prepares what it needs, and starts those of its processes that do not run. */
  readonly start: (workshop: Workshop) => Promise<void>;
}
