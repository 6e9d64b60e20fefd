// The HTTP side of an upload: what of the request is the part, and how a part is answered.
import { Injectable } from '@nestjs/common';
import { headers } from '@cairn/contracts';
import type { Request } from 'express';
import { Reply } from '../platform/reply';
import type { RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import type { UploadPart, UploadResult } from './media.service';

export function partOf(request: Request): UploadPart {
  const length = Number(request.get('content-length') ?? Number.NaN);
  return {
    contentRange: request.get(headers.contentRange),
    contentLength: Number.isSafeInteger(length) ? length : null,
    body: request,
  };
}

@Injectable()
export class UploadAnswers {
  constructor(private readonly answers: TaskAnswers) {}

  async answer(context: RequestContext, result: UploadResult): Promise<Reply> {
    if (result.kind === 'stored') return new Reply(200, result.state);
    return this.answers.answer(context, result.task);
  }
}
