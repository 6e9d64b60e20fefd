import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/dist/**', '**/node_modules/**', '**/*.integration.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
