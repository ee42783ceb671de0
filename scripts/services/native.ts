/** Services as processes of this machine: those that do not run are started, side by side. */
import type { ProcessName, Service, ServiceName } from './catalog.ts';
import { installMissing, type Missing } from './packages.ts';
import { claimPorts, portsOf } from './ports.ts';
import { isAlive, stopProcess } from './process.ts';
import { findProgram } from './program.ts';
import { SERVICES } from './registry.ts';
import type { Notebook } from './state.ts';
import { awaitReady, isCached, isRunning, openWorkshop } from './workshop.ts';
import type { Say } from './words.ts';

/** Returns once all of them answer. */
export async function startNatively(
  names: readonly ServiceName[],
  notebook: Notebook,
  say: Say,
): Promise<void> {
  const starting = names.filter((name) => !runsNatively(name, notebook));
  await installMissing(missingPrograms(starting, notebook), say);
  for (const name of starting) {
    const { ports, processes } = SERVICES[name];
    // A node of a cluster that is down alone comes back where the others look for it.
    if (processes.some((process) => isRunning(notebook, process))) continue;
    await claimPorts(notebook, ports);
  }
  const started = new Map<ServiceName, Promise<void>>();
  for (const name of names) {
    const needed = SERVICES[name].needs.flatMap((need) => started.get(need) ?? []);
    const start = (): Promise<void> => startOne(name, starting.includes(name), notebook, say);
    started.set(name, Promise.all(needed).then(start));
  }
  const outcomes = await Promise.allSettled(started.values());
  // All are waited for, so that nothing is started after the sentence that says what failed.
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [(outcome.reason as Error).message] : [],
  );
  if (failures.length > 0) throw new Error([...new Set(failures)].join('\n'));
}

export function runsNatively(name: ServiceName, notebook: Notebook): boolean {
  return SERVICES[name].processes.every((process) => isRunning(notebook, process));
}

/** Exactly the processes that were started here for these services; returns their names. */
export async function stopNative(
  names: readonly ServiceName[],
  notebook: Notebook,
): Promise<readonly ProcessName[]> {
  const running = names.flatMap((name) =>
    SERVICES[name].processes.flatMap((process) => {
      const identity = notebook.state().processes[process];
      return identity !== undefined && isAlive(identity) ? [{ process, identity }] : [];
    }),
  );
  await Promise.all(
    running.map(({ process, identity }) =>
      stopProcess(identity, process.startsWith('postgres') ? FAST_SHUTDOWN : 'SIGTERM'),
    ),
  );
  const stopped = names.flatMap((name) => SERVICES[name].processes);
  const kept = Object.entries(notebook.state().processes).filter(
    ([process]) => !stopped.includes(process as ProcessName),
  );
  notebook.change({ processes: Object.fromEntries(kept) });
  return running.map(({ process }) => process);
}

/** With SIGTERM Postgres waits until its clients have gone by themselves. */
const FAST_SHUTDOWN = 'SIGINT';

async function startOne(name: ServiceName, isStarting: boolean, notebook: Notebook, say: Say): Promise<void> {
  const service: Service = SERVICES[name];
  const startedAt = Date.now();
  await service.start(openWorkshop(notebook, portsOf(notebook), say));
  await awaitReady(service, notebook, portsOf(notebook));
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  say(isStarting ? `${name} is ready, ${seconds} s` : `${name} runs already`);
}

function missingPrograms(names: readonly ServiceName[], notebook: Notebook): Missing[] {
  return names.flatMap((name) => {
    const { programs, endpoint } = SERVICES[name];
    return programs((cache) => isCached(notebook, cache))
      .filter((program) => findProgram(program.name) === null)
      .map((program) => ({ program, instead: endpoint }));
  });
}
