import type { OperationId, Plan, Task } from '@cairn/contracts';

import type { AnswerOf, CallInput, Gateway, UploadOptions, WatchOptions } from '../api/gateway';

type Handler = (input: never) => unknown;

/** One call that a test sees. */
export interface SeenCall {
  readonly id: OperationId;
  readonly input: unknown;
  readonly isPlan: boolean;
}

const emptyPlan: Plan = {
  dryRun: true,
  steps: [],
  effects: [],
  warnings: [],
  blockers: [],
  estimate: { bytes: null, seconds: null },
};

/**
 * A gateway for tests: answers what it was told to answer, and remembers what it was asked. An
 * operation without an answer rejects, so that a test names everything it depends on.
 */
export class FakeGateway implements Gateway {
  readonly calls: SeenCall[] = [];
  readonly watchers: WatchOptions[] = [];
  csrfToken: string | null = null;
  uploadImpl: (options: UploadOptions) => Promise<Task> = () =>
    Promise.reject(new Error('No upload is expected'));
  plan_: Plan = emptyPlan;
  private readonly answers = new Map<OperationId, Handler>();

  /** Sets the answer of an operation; a function gets the call's input. */
  on<Id extends OperationId>(
    id: Id,
    answer: AnswerOf<Id> | ((input: CallInput<Id>) => AnswerOf<Id>),
  ): this {
    const handler = typeof answer === 'function' ? answer : () => answer;
    this.answers.set(id, handler);
    return this;
  }

  async call<Id extends OperationId>(id: Id, input?: CallInput<Id>): Promise<AnswerOf<Id>> {
    this.calls.push({ id, input: input ?? {}, isPlan: false });
    const handler = this.answers.get(id);
    if (!handler) throw new Error(`The test has no answer for ${id}`);
    return Promise.resolve(handler((input ?? {}) as never) as AnswerOf<Id>);
  }

  async plan<Id extends OperationId>(id: Id, input?: CallInput<Id>): Promise<Plan> {
    this.calls.push({ id, input: input ?? {}, isPlan: true });
    return Promise.resolve(this.plan_);
  }

  watch(options: WatchOptions): void {
    this.watchers.push(options);
  }

  upload(options: UploadOptions): Promise<Task> {
    return this.uploadImpl(options);
  }

  setCsrfToken(token: string | null): void {
    this.csrfToken = token;
  }

  /** The inputs of the writes of one operation, without dry runs. */
  inputsOf(id: OperationId): readonly unknown[] {
    return this.calls.filter((call) => call.id === id && !call.isPlan).map((call) => call.input);
  }
}
