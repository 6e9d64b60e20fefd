export { probeAcceleration } from './acceleration';
export { FakeVmRuntime, type FakeVmRuntimeOptions } from './fake-vm-runtime';
export { createQemuVmRuntime, type QemuVmRuntimeOptions } from './qemu/qemu-vm-runtime';
export * from './vm-runtime';
export * from './vm-spec';
export * from './vm-state';
