/**
 * Who may import whom (docs/ARCHITECTURE.md, "Who may import whom"), in the form that
 * `@nx/enforce-module-boundaries` understands. ESLint enforces it; `tools/checks/boundaries.test.ts`
 * plants one forbidden import per row and expects each to be refused.
 */

/** Packages a test may import in any project. */
const TEST_PACKAGES = ['vitest', 'fast-check', '@fast-check/*'];

/** Everything that brings a framework or a driver of the outside world with it. */
const FRAMEWORK = ['@nestjs/*', 'nestjs-*'];

export const depConstraints = [
  {
    sourceTag: 'type:contract',
    onlyDependOnLibsWithTags: [],
    allowedExternalImports: ['zod', ...TEST_PACKAGES],
  },
  {
    sourceTag: 'type:domain',
    onlyDependOnLibsWithTags: ['type:contract'],
    allowedExternalImports: TEST_PACKAGES,
  },
  {
    sourceTag: 'type:util',
    onlyDependOnLibsWithTags: ['type:contract'],
    bannedExternalImports: FRAMEWORK,
  },
  {
    sourceTag: 'type:driver',
    onlyDependOnLibsWithTags: ['type:contract', 'type:util', 'type:native'],
    bannedExternalImports: FRAMEWORK,
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: ['type:contract', 'type:domain', 'type:util', 'type:driver'],
  },
  {
    sourceTag: 'platform:browser',
    onlyDependOnLibsWithTags: ['platform:any', 'type:domain'],
  },
  {
    sourceTag: 'type:e2e',
    onlyDependOnLibsWithTags: ['platform:any'],
  },
  {
    sourceTag: 'type:tool',
    onlyDependOnLibsWithTags: ['platform:any'],
  },
];

/** Projects whose sources know no world: no Node.js module may be imported outside their tests. */
export const worldlessProjects = ['libs/contracts', 'libs/optimizer'];
