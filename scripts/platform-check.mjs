/** Runs before `npm start`, `npm test` and `npm run dev`: where Gavel can't run, one sentence says why. */
import { refusal, thisPlatform } from './platform.mjs';

const reason = refusal(thisPlatform());
if (reason !== null) {
  console.error(reason);
  process.exitCode = 1;
}
