import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['cairn:source', 'node', 'import', 'default'] } },
  test: { include: ['src/**/*.test.ts'], exclude: ['src/**/*.integration.test.ts'] },
});
