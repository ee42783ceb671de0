/** What the linter holds: types are used soundly, no promise is forgotten, pure files stay pure. */
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The rooms and money: what main.ts and the files beside it wire together. */
const ROOMS = ['src/*/**/*.ts', 'src/money.ts'];
/** Within the rooms, the files that may talk to the outside. */
const EDGES = [
  'src/server/**',
  'src/dashboard/**',
  'src/**/{uws,piscina,postgres,disk,crypto,consent,agent,geo,redis,kafka,lmdb}-*.ts',
];
const TESTS = ['**/*.test.ts', '**/fixtures/**'];

const TIME_AND_SEEDS = 'Pure: time and seeds are arguments.';

export default defineConfig(
  {
    ignores: ['clients/', 'dist/', 'dist.*/', 'coverage/', 'data/', '.cache/', '.services/', 'node_modules/'],
  },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'off',
      'no-eval': 'error',
      'no-param-reassign': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Numbers and booleans in messages are what templates are for.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `while (true)` and constant conditions of loops over words are how a bitmap is walked.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // A loop with a counter is the plain way over typed arrays.
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions', 'methods'] }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 250 }],
      'max-depth': ['error', 4],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'An export has a name.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that has it.' },
      ],
    },
  },
  {
    files: ROOMS,
    ignores: [...EDGES, ...TESTS],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'performance',
          'crypto',
          'fetch',
          'require',
          'setTimeout',
          'setInterval',
          'setImmediate',
        ].map((name) => ({ name, message: `${TIME_AND_SEEDS} Environment and clock belong to the edges.` })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: TIME_AND_SEEDS },
        { object: 'Math', property: 'random', message: TIME_AND_SEEDS },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'An export has a name.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels: import from the file that has it.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TIME_AND_SEEDS },
      ],
    },
  },
  {
    files: TESTS,
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['scripts/**/*.mjs'],
    rules: {
      // In plain JavaScript a cast is a comment, which the compiler honours and the linter does not see.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Configuration in plain JavaScript, outside the compiler's project.
    files: ['.dependency-cruiser.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
