/**
 * Where Gavel runs, decided before anything is installed: the HTTP server is a native library that comes as
 * ready-made binaries, one for each operating system, processor and Node major, linked against a certain glibc.
 */

/**
 * @typedef {object} Platform
 * @property {string} os `process.platform`
 * @property {string} arch `process.arch`
 * @property {string} node `process.versions.node`
 * @property {string | null} glibc version of the running glibc; null where there is none
 */

/**
 * Per Node major: the oldest minor that the tools accept, and the oldest glibc that the binary loads with; null
 * where it is for macOS alone.
 *
 * @type {readonly { major: number, minor: number, glibc: string | null }[]}
 */
const SUPPORTED = [
  { major: 20, minor: 19, glibc: '2.27' },
  { major: 22, minor: 13, glibc: '2.38' },
  { major: 24, minor: 0, glibc: '2.38' },
  { major: 25, minor: 0, glibc: null },
];
const OLDEST_GLIBC = '2.27';
const PROCESSORS = ['x64', 'arm64'];

/** @returns {Platform} */
export function thisPlatform() {
  return {
    os: process.platform,
    arch: process.arch,
    node: process.versions.node,
    glibc: process.platform === 'linux' ? glibcVersion() : null,
  };
}

/**
 * Why Gavel can't run here, in one sentence; null where it can.
 *
 * @param {Platform} platform
 * @returns {string | null}
 */
export function refusal(platform) {
  const { os, arch, node, glibc } = platform;
  if (os !== 'linux' && os !== 'darwin') {
    return `Gavel runs on Linux and macOS, not on ${os}: use a Linux container or WSL with Node 20.19 or newer.`;
  }
  if (!PROCESSORS.includes(arch)) {
    return `Gavel runs on x64 and arm64 processors, not on ${arch}.`;
  }
  const supported = SUPPORTED.filter((version) => os === 'darwin' || version.glibc !== null);
  const version = supported.find(({ major, minor }) => isOf(major, minor, node));
  if (version === undefined) {
    const known = supported.map(({ major, minor }) => `${major} (from ${major}.${minor})`).join(', ');
    return `Gavel runs on Node ${known}, not on ${node}: install Node 20.`;
  }
  if (os === 'darwin') return null;
  if (glibc === null) {
    return 'Gavel needs a Linux with glibc, and this one has none (musl, as in Alpine): use a Debian or Ubuntu image.';
  }
  if (version.glibc !== null && isOlder(glibc, version.glibc)) {
    const wayOut = isOlder(glibc, OLDEST_GLIBC) ? 'use a newer system' : 'use Node 20 (20.19 or newer)';
    return `Gavel on Node ${version.major} needs glibc ${version.glibc} or newer, but this system has ${glibc}: ${wayOut}.`;
  }
  return null;
}

/**
 * @param {number} major
 * @param {number} minor
 * @param {string} node
 */
function isOf(major, minor, node) {
  return numbers(node)[0] === major && !isOlder(node, `${major}.${minor}`);
}

/**
 * @param {string} version
 * @param {string} than
 */
function isOlder(version, than) {
  const [major = 0, minor = 0] = numbers(version);
  const [thanMajor = 0, thanMinor = 0] = numbers(than);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}

/** @param {string} version */
function numbers(version) {
  return version.split('.').map(Number);
}

function glibcVersion() {
  // The report would look up the names of all network peers otherwise, which takes seconds on some machines.
  Object.assign(process.report, { excludeNetwork: true });
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header?.glibcVersionRuntime ?? null;
}
