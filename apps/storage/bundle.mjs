#!/usr/bin/env node
// Makes dist/main.js: the whole daemon in one file, from the sources.
//
// A guest waits while cairn-storage starts, and reading five hundred modules takes longer than all the rest of the start. In
// one file without the parts that nobody uses it takes half the processor time (docs/adr/0010-bundle-the-storage-daemon.md).
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));

/** Our own modules and zod do nothing when they are merely imported, so what is not used may go. */
const pureImports = {
  name: 'pure-imports',
  setup(bundler) {
    bundler.onResolve({ filter: /^(@cairn\/|zod$|\.\.?\/)/ }, async (request) => {
      if (request.pluginData === 'resolving' || request.kind === 'entry-point') return undefined;
      const ours =
        !request.importer.includes('node_modules') || /node_modules\/zod\//.test(request.importer);
      if (!ours) return undefined;
      const { path, errors, external } = await bundler.resolve(request.path, {
        kind: request.kind,
        importer: request.importer,
        resolveDir: request.resolveDir,
        pluginData: 'resolving',
      });
      return errors.length > 0 ? { errors } : { path, external, sideEffects: false };
    });
  },
};

const result = await build({
  entryPoints: [join(here, 'src/main.ts')],
  outfile: join(here, 'dist/main.js'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  conditions: ['cairn:source'],
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  sourcemap: 'external',
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  plugins: [pureImports],
});

if (process.argv.includes('--analyse')) {
  const [output] = Object.values(result.metafile.outputs).filter(({ entryPoint }) => entryPoint);
  const inputs = Object.entries(output.inputs).sort(
    (a, b) => b[1].bytesInOutput - a[1].bytesInOutput,
  );
  for (const [name, { bytesInOutput }] of inputs.slice(0, 40)) console.log(bytesInOutput, name);
}
