import { defineConfig } from 'vitest/config';

const conditions = ['cairn:source', 'node', 'import', 'default'];

/** The browser specs alone, against a running node: `CAIRN_URL` and `CAIRN_PASSWORD`. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['console/**/*.spec.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
