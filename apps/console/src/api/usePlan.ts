import type { OperationId, Plan } from '@cairn/contracts';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import { useGateway, type CallInput } from './gateway';
import { keys } from './keys';

/** The dry run of a write, made afresh each time somebody asks for it. */
export function usePlan<Id extends OperationId>(
  id: Id,
  input: CallInput<Id>,
): UseQueryResult<Plan> {
  const gateway = useGateway();
  return useQuery({
    queryKey: keys.plan(id, JSON.stringify(input)),
    queryFn: () => gateway.plan(id, input),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}
