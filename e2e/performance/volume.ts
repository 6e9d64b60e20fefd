/**
 * One local volume of our engine against qemu-storage-daemon with a raw file on the same disk, by fio through NBD, in turns.
 */
import { loadavg } from 'node:os';
import { compare, describeMachine, timeNow, type Comparison, type VolumeReport } from './report';
import { startCairn, startQsd, type Server } from './servers';
import { fill, measure, type RunOptions, type Sample, type Workload } from './workloads';

export interface VolumePlan {
  readonly rounds: number;
  readonly seconds: number;
  readonly volumeBytes: number;
  readonly workloads: readonly Workload[];
  readonly directory: string;
  readonly launcher: readonly string[];
  readonly say: (line: string) => void;
}

/** Measures both servers in turns; stops them and leaves their files to the caller. */
export async function benchVolume(plan: VolumePlan): Promise<VolumeReport> {
  const { directory, volumeBytes, seconds, launcher } = plan;
  const run = { directory, volumeBytes, seconds, launcher };
  const servers: Server[] = [];
  try {
    servers.push(await startCairn(directory, volumeBytes, launcher));
    servers.push(await startQsd(directory, volumeBytes, launcher));
    plan.say('filling both volumes');
    for (const server of servers) await fill(server, { ...run, seed: 1 });
    const samples = await takeSamples(plan, servers, run);
    const [cairn, qsd] = servers;
    return {
      takenAt: timeNow(),
      machine: describeMachine(plan.directory),
      rounds: plan.rounds,
      secondsPerSample: plan.seconds,
      realtime: launcher.length > 0,
      loadAverage: loadavg()[0] ?? 0,
      volumeBytes: plan.volumeBytes,
      comparisons: plan.workloads.map((workload): Comparison => {
        const of = (name: string) => samples.get(`${name} ${workload.name}`) ?? [];
        return compare(workload, of('cairn'), of('qsd'));
      }),
      residentBytes: { cairn: cairn?.residentBytes() ?? 0, qsd: qsd?.residentBytes() ?? 0 },
    };
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** All samples, by server and workload, in the order of the rounds. */
async function takeSamples(
  plan: VolumePlan,
  servers: readonly Server[],
  run: Omit<RunOptions, 'seed'>,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < plan.rounds; round++) {
    // Who goes first changes with the round, so that neither always meets the other's leftovers.
    const order = round % 2 === 0 ? servers : [...servers].reverse();
    for (const workload of plan.workloads) {
      for (const server of order) {
        const sample = await measure(server, workload, { ...run, seed: round + 1 });
        const key = `${server.name} ${workload.name}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
        plan.say(
          `round ${round + 1}, ${workload.name}, ${server.name}: ${sample.iops.toFixed(0)} IOPS, ` +
            `p50 ${sample.latencyUsMedian.toFixed(0)} us, ${sample.cpuUsPerOperation.toFixed(1)} us of CPU each`,
        );
      }
    }
  }
  return samples;
}
