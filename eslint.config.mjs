import { readdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { depConstraints, worldlessProjects } from './tools/boundaries.mjs';

const root = dirname(fileURLToPath(import.meta.url));

/**
 * ESLint runs inside one project at a time (`nx run-many -t lint`), so the project's own
 * tsconfig files give the types; from the root, or in an editor, the language service finds them.
 */
function typeInformation() {
  const here = process.cwd();
  const configs = readdirSync(here).filter((name) => /^tsconfig(\..+)?\.json$/.test(name));
  const inProject = relative(root, here) !== '' && configs.length > 0;
  return inProject
    ? { project: configs, tsconfigRootDir: here }
    : { projectService: true, tsconfigRootDir: root };
}

/** Programs are run, never imported: not by name either. */
const PROGRAMS = {
  group: ['@cairn/node', '@cairn/storage', '@cairn/console', '@cairn/cli', '@cairn/e2e'],
  message: 'An app imports libs; nobody imports an app.',
};
const NATIVE = { group: ['@cairn/native'], message: 'Only block-store is the face of the engine.' };
const WORLD = { group: ['node:*'], message: 'Thought and language know no world.' };

const refuseImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/build/**',
      '**/node_modules/**',
      '**/.nx/**',
      '**/.cairn/**',
      '**/generated/**',
      '**/*.config.ts',
      '**/*.cjs',
      '**/*.d.ts',
    ],
  },
  {
    files: ['**/*.{ts,tsx,mjs,js}'],
    extends: [js.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'off',
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.{mjs,js}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'URL', 'setTimeout', 'clearTimeout', 'AbortSignal']
          .concat(['fetch', 'performance', 'AbortController', 'setInterval', 'clearInterval'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: typeInformation() },
    plugins: { '@nx': nx },
    rules: {
      ...refuseImports(PROGRAMS, NATIVE),
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: false, allow: [], depConstraints },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      // Numbers and booleans print as what they are; objects in a template stay an error.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNullish: false },
      ],
      // NestJS modules are classes that carry a decorator and nothing else.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Handlers of events (React, Node.js) may be async when they handle their own errors.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      // Interfaces ask for promises that a fake or an in-memory driver has at once.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  ...worldlessProjects.map((project) => ({
    files: [`${project}/**/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: refuseImports(PROGRAMS, NATIVE, WORLD),
  })),
  { files: ['libs/block-store/**/*.ts'], rules: refuseImports(PROGRAMS) },
  {
    files: ['apps/console/**/*.{ts,tsx}'],
    ...reactHooks.configs.flat['recommended-latest'],
  },
  {
    // A page is one component; its markup is as long as what it shows.
    files: ['apps/console/**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', { max: 220 }] },
  },
  {
    files: ['**/*.test.{ts,tsx}', '**/*.spec.ts', 'e2e/**/*.ts', '**/testing/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  prettier,
);
