/**
 * Proves that lint holds the rows of the tag matrix: for each row a forbidden import is planted into
 * a file that does not exist on disk (ESLint lints the text under its path) and must be refused; an
 * allowed import next to it must pass.
 */
import { join } from 'node:path';
import { createProjectGraphAsync } from '@nx/devkit';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = join(__dirname, '../..');
const BOUNDARY_RULES = new Set(['@nx/enforce-module-boundaries', 'no-restricted-imports']);

interface Row {
  readonly row: string;
  readonly file: string;
  readonly forbidden: readonly string[];
  readonly allowed: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    row: 'a contract imports nothing but zod',
    file: 'libs/contracts/src/planted.ts',
    forbidden: ['@cairn/telemetry', '@cairn/block-store', 'pino', 'node:fs', '@nestjs/common'],
    allowed: ['zod'],
  },
  {
    row: 'a util imports contracts, and no framework',
    file: 'libs/telemetry/src/planted.ts',
    forbidden: ['@nestjs/common', '@cairn/cluster', '@cairn/node'],
    allowed: ['@cairn/contracts', 'pino', 'node:fs'],
  },
  {
    row: 'a driver imports no other driver and no framework',
    file: 'libs/vm-runtime/src/planted.ts',
    forbidden: ['@cairn/block-store', '@cairn/cluster', '@nestjs/core', '@cairn/native'],
    allowed: ['@cairn/contracts', '@cairn/telemetry', 'zod', 'node:child_process'],
  },
  {
    row: 'a driver imports no app',
    file: 'libs/persistence/src/planted.ts',
    forbidden: ['@cairn/node', '../../../apps/storage/src/main', '@cairn/vm-runtime'],
    allowed: ['typeorm', '@cairn/contracts'],
  },
  {
    row: 'an app imports no other app and no native code',
    file: 'apps/node/src/planted.ts',
    forbidden: ['@cairn/storage', '../../storage/src/main', '@cairn/native'],
    allowed: ['@cairn/contracts', '@cairn/block-store', '@cairn/cluster', '@nestjs/common'],
  },
  {
    row: 'the console imports only what runs anywhere',
    file: 'apps/console/src/planted.ts',
    forbidden: ['@cairn/telemetry', '@cairn/persistence', '@cairn/node'],
    allowed: ['@cairn/contracts', '@cairn/api-client', 'react'],
  },
  {
    row: 'the end-to-end tests stay outside of what they test',
    file: 'e2e/functional/planted.ts',
    forbidden: ['@cairn/vm-runtime', '@cairn/block-store', '@cairn/node', '@cairn/telemetry'],
    allowed: ['@cairn/contracts', '@cairn/api-client'],
  },
  {
    row: 'the tools talk to services only by their contracts',
    file: 'tools/supervisor/planted.ts',
    forbidden: ['@cairn/cluster', '@cairn/storage', '@cairn/persistence'],
    allowed: ['@cairn/contracts', 'node:fs'],
  },
];

describe('the tag matrix', () => {
  let linter: ESLint;

  beforeAll(async () => {
    // The rule reads Nx's cached graph and is silent without one.
    await createProjectGraphAsync({ exitOnError: false });
    linter = new ESLint({
      cwd: root,
      overrideConfig: {
        files: ['**/*.ts'],
        languageOptions: { parserOptions: { project: null, projectService: false } },
      },
      ruleFilter: ({ ruleId }) => BOUNDARY_RULES.has(ruleId),
    });
  });

  async function refusals(file: string, specifier: string): Promise<string[]> {
    const text = `import * as planted from '${specifier}';\nexport const use = planted;\n`;
    const results = await linter.lintText(text, { filePath: join(root, file) });
    return results.flatMap(({ messages }) =>
      messages.map(({ ruleId, message }) => `${ruleId ?? 'parser'}: ${message}`),
    );
  }

  for (const { row, file, forbidden, allowed } of ROWS) {
    it.each(forbidden)(`${row}: refuses %s`, async (specifier) => {
      const found = await refusals(file, specifier);
      expect(found).not.toEqual([]);
      for (const refusal of found) {
        expect(refusal).toMatch(/enforce-module-boundaries|no-restricted-imports/);
      }
    });

    it.each(allowed)(`${row}: allows %s`, async (specifier) => {
      expect(await refusals(file, specifier)).toEqual([]);
    });
  }

  it('thought knows no world: the constraints of type:domain ban npm packages and Node.js', async () => {
    const { depConstraints, worldlessProjects } = (await import('../boundaries.mjs')) as {
      depConstraints: { sourceTag: string; allowedExternalImports?: string[] }[];
      worldlessProjects: string[];
    };
    const domain = depConstraints.find(({ sourceTag }) => sourceTag === 'type:domain');
    expect(domain?.allowedExternalImports).toEqual(['vitest', 'fast-check', '@fast-check/*']);
    expect(worldlessProjects).toContain('libs/optimizer');
    expect(await refusals('libs/optimizer/src/planted.ts', 'node:fs')).toHaveLength(1);
  });
});
