import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source', 'module', 'node', 'import', 'default'] },
  test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
