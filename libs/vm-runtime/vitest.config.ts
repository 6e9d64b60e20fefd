import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source', 'module', 'node', 'development|production'] },
  ssr: { resolve: { conditions: ['cairn:source', 'module', 'node', 'development|production'] } },
  test: { include: ['src/**/*.test.ts'], exclude: ['src/**/*.integration.test.ts'] },
});
