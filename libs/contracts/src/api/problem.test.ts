import { describe, expect, it } from 'vitest';
import { listQuerySchema } from './lists';
import { fieldErrorsOf, problemKinds, problemOf, problemSchema } from './problem';
import { vmCreateSchema } from './vms';

function errorsOf(value: unknown) {
  const result = vmCreateSchema.safeParse(value);
  return result.success ? [] : fieldErrorsOf(result.error);
}

describe('a problem document', () => {
  it('takes status and title from its code', () => {
    const problem = problemOf({ code: 'vm.wrongState', detail: 'It runs.', requestId: 'r1' });
    expect(problem).toMatchObject({ status: 409, type: 'urn:cairn:problem:vm.wrongState' });
    expect(problemSchema.parse(problem)).toEqual(problem);
  });

  it('has codes of the form part.reason with an error status', () => {
    for (const [code, kind] of Object.entries(problemKinds)) {
      expect(code).toMatch(/^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/);
      expect(kind.status).toBeGreaterThanOrEqual(400);
      expect(kind.title).not.toMatch(/\.$/);
    }
  });
});

describe('field errors', () => {
  it('say which field is unknown, missing, wrong, too small or too big', () => {
    const errors = errorsOf({
      vcpus: 0,
      memoryBytes: '1G',
      cores: 1,
      tags: ['UPPER'],
      nics: Array(17).fill({}),
    });
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'name', code: 'required' }),
        expect.objectContaining({ path: 'vcpus', code: 'tooSmall' }),
        expect.objectContaining({ path: 'memoryBytes', code: 'invalidType' }),
        expect.objectContaining({ path: 'cores', code: 'unknownField' }),
        expect.objectContaining({ path: 'tags.0', code: 'invalidFormat' }),
        expect.objectContaining({ path: 'nics', code: 'tooBig' }),
      ]),
    );
  });

  it('read on after the name of the field', () => {
    const messages = errorsOf({
      id: 'x',
      name: '',
      vcpus: 129,
      memoryBytes: 2 ** 26 + 1,
      firmware: 'efi',
      start: 'yes',
      description: 'x'.repeat(1025),
    }).map(({ path, message }) => `${path} ${message}`);
    expect(messages).toEqual([
      'id must be a UUID of version 7',
      'name must have at least 1 characters',
      expect.stringMatching(/^name must start with a letter/),
      'description must have at most 1024 characters',
      'vcpus must be at most 128',
      'memoryBytes must be a multiple of 1048576',
      'firmware must be one of bios, uefi',
      'start must be a boolean',
    ]);
  });

  it('lead into unions', () => {
    const errors = errorsOf({
      name: 'a',
      vcpus: 1,
      memoryBytes: 2 ** 30,
      disks: [
        { kind: 'disk', source: { kind: 'blank', sizeBytes: 2 ** 20 + 1 } },
        { kind: 'tape' },
      ],
    });
    expect(errors).toEqual([
      expect.objectContaining({ path: 'disks.0.source.sizeBytes', code: 'notMultipleOf' }),
      expect.objectContaining({ path: 'disks.1.kind', code: 'invalidValue' }),
    ]);
  });
});

describe('a list query', () => {
  it('reads numbers from text and refuses other text', () => {
    expect(listQuerySchema.parse({ limit: '50' })).toEqual({ limit: 50 });
    for (const limit of ['', '0', '1001', '1e3', '0x10', 'ten'])
      expect(listQuerySchema.safeParse({ limit }).success).toBe(false);
  });

  it('refuses parameters nobody knows and sort keys that are no fields', () => {
    expect(listQuerySchema.safeParse({ page: '1' }).success).toBe(false);
    expect(listQuerySchema.safeParse({ sort: '-status.state,name' }).success).toBe(true);
    expect(listQuerySchema.safeParse({ sort: 'name; drop table vm' }).success).toBe(false);
  });
});
