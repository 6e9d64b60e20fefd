import { defineConfig, mergeConfig } from 'vitest/config';
import unit from './vitest.config.js';

export default mergeConfig(
  { ...unit, test: { ...unit.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['**/*.integration.test.ts'],
      exclude: ['**/dist/**', '**/node_modules/**'],
      testTimeout: 120_000,
      fileParallelism: false,
    },
  }),
);
