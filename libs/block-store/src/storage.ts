/** The storage daemon as its clients see it: the control API of `@cairn/contracts`, one function per route. */
import type {
  StorageAttachment,
  StorageDrive,
  StorageDriveAddInput,
  StorageDriveList,
  StorageStatus,
  StorageVolume,
  StorageVolumeAttachInput,
  StorageVolumeCreate,
  StorageVolumeStats,
} from '@cairn/contracts';

export interface StorageCallOptions {
  /** Gives up waiting; what was asked may happen all the same, and may be asked again. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Failures are StorageErrors. Every call has a deadline and may be repeated. */
export interface Storage {
  status(options?: StorageCallOptions): Promise<StorageStatus>;
  drives(options?: StorageCallOptions): Promise<StorageDriveList>;
  addDrive(drive: StorageDriveAddInput, options?: StorageCallOptions): Promise<StorageDrive>;
  removeDrive(driveId: string, options?: StorageCallOptions): Promise<void>;
  volumes(options?: StorageCallOptions): Promise<readonly StorageVolume[]>;
  createVolume(volume: StorageVolumeCreate, options?: StorageCallOptions): Promise<StorageVolume>;
  volume(volumeId: string, options?: StorageCallOptions): Promise<StorageVolume>;
  deleteVolume(volumeId: string, options?: StorageCallOptions): Promise<void>;
  attachVolume(
    volumeId: string,
    attach: StorageVolumeAttachInput,
    options?: StorageCallOptions,
  ): Promise<StorageAttachment>;
  detachVolume(volumeId: string, options?: StorageCallOptions): Promise<void>;
  resizeVolume(
    volumeId: string,
    sizeBytes: number,
    options?: StorageCallOptions,
  ): Promise<StorageVolume>;
  volumeStats(volumeId: string, options?: StorageCallOptions): Promise<StorageVolumeStats>;
  /** The daemon's metrics in Prometheus' text format. */
  metricsText(options?: StorageCallOptions): Promise<string>;
}
