/**
 * In place of piscina's own queue, which is not needed: batches wait in the intake, where they still grow and can
 * be taken back. All that waits here is a task that made piscina start a worker, and of these the latest will do.
 */
import type { TaskQueue } from 'piscina';

type Task = NonNullable<ReturnType<TaskQueue['shift']>>;

export class LatestTaskQueue implements TaskQueue {
  #task: Task | null = null;

  get size(): number {
    return this.#task === null ? 0 : 1;
  }

  push(task: Task): void {
    this.#task = task;
  }

  shift(): Task | null {
    const task = this.#task;
    this.#task = null;
    return task;
  }

  remove(task: Task): void {
    if (this.#task === task) this.#task = null;
  }
}
