import { problemOf } from '@cairn/contracts';
import { expect, it } from 'vitest';

import { describeProblem, problemIn, problemLine } from './problem';

const refusal = Object.assign(new Error('refused'), {
  problem: problemOf({
    code: 'vm.wrongState',
    detail: 'web-1 is running.',
    requestId: 'r-1',
    errors: [{ path: 'vcpus', code: 'tooBig', message: 'at most 128' }],
    blockers: [{ code: 'vm.busy', message: 'Task 7 works on web-1.', resource: null }],
  }),
});

it("shows the API's own words, the fields, the blockers and the request to quote", () => {
  expect(describeProblem(refusal)).toEqual({
    title: 'The VM is not in a state for this',
    detail: 'web-1 is running.',
    items: ['vcpus: at most 128', 'Task 7 works on web-1.'],
    reference: 'Request r-1',
  });
  expect(problemLine(refusal)).toContain('web-1 is running.');
});

it('does not repeat a title as its own explanation', () => {
  const detail = 'User name or password is wrong.';
  const problem = problemOf({ code: 'auth.invalidCredentials', detail, requestId: 'r-2' });
  expect(describeProblem({ problem })).toMatchObject({
    title: 'User name or password is wrong',
    detail: null,
  });
});

it('says that the service could not be reached when there is no answer at all', () => {
  const view = describeProblem(new TypeError('fetch failed'));
  expect(view.title).toBe('The service could not be reached');
  expect(view.reference).toBeNull();
});

it('does not take a foreign object for a problem document', () => {
  expect(problemIn({ problem: { title: 'half' } })).toBeNull();
  expect(problemIn(null)).toBeNull();
});
