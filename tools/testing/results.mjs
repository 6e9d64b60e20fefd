/** Counts of real tests, read from what the test runners wrote; a missing report is a failure. */
import { existsSync, readFileSync } from 'node:fs';

export const NOTHING = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(left, right) {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skipped: left.skipped + right.skipped,
  };
}

/** One test that passed or failed as a whole: a check, a fuzzer, a simulation. */
export function single(ok) {
  return ok ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/** The counts of a vitest JSON report; a file that failed to load counts as one failed test. */
export function vitestCounts(file) {
  if (!existsSync(file)) return single(false);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

/** The names of the tests that a vitest report calls skipped. */
export function vitestSkipped(file) {
  if (!existsSync(file)) return [];
  const report = JSON.parse(readFileSync(file, 'utf8'));
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => fullName);
}

/** The counts of a JUnit file as ctest writes it. */
export function junitCounts(file) {
  if (!existsSync(file)) return single(false);
  const suite = /<testsuite\b[^>]*>/.exec(readFileSync(file, 'utf8'))?.[0];
  if (suite === undefined) return single(false);
  const attribute = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = attribute('failures') + attribute('errors');
  const skipped = attribute('skipped') + attribute('disabled');
  return { passed: attribute('tests') - failed - skipped, failed, skipped };
}
