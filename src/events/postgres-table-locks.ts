/** Advisory locks of the tables of one schema: a replay, which counts into tables of its own, has its own locks. */

/** The arguments of `pg_advisory_…lock`. */
export function tableLock(number: number): string {
  return `${String(number)}, hashtext(current_schema())`;
}

/** Held by a replay as long as it runs, shared by whatever else counts what a replay would not find in Kafka. */
export const REPLAY_LOCK = tableLock(7_238_013);
