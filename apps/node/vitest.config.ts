import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source'] },
  ssr: { resolve: { conditions: ['cairn:source'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: { include: ['src/**/*.test.ts'], exclude: ['src/**/*.integration.test.ts'] },
});
