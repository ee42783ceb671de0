/**
 * Loaded before a server of the bench: each of its threads adds a line to the file BENCH_THREADS, with the name of
 * the file that it runs and its number at the kernel, so that the bench reads its CPU time apart.
 */
import { appendFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

const file = process.env.BENCH_THREADS;
if (file !== undefined && process.platform === 'linux') {
  const thread = basename(readlinkSync('/proc/thread-self'));
  appendFileSync(file, `${basename(process.argv[1] ?? '')} ${thread}\n`);
}
