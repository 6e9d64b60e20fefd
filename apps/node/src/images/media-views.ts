// Loads images and ISOs as the API shows them, for lists, single reads and events.
import { Injectable } from '@nestjs/common';
import type { Image, Iso, ListQuery, Page } from '@cairn/contracts';
import type { MediaRow } from '@cairn/persistence';
import { ChangeFeed } from '../events/change-feed';
import { pageOf } from '../platform/lists';
import { MediaService } from './media.service';
import { MediaStore } from './media-store';
import { imageViewOf, isoViewOf, type MediaSurroundings } from './media-view';

const NONE: MediaSurroundings = { receivedBytes: 0, usedByVms: 0 };

@Injectable()
export class MediaViews {
  constructor(
    private readonly media: MediaStore,
    private readonly service: MediaService,
    private readonly feed: ChangeFeed,
  ) {
    feed.registerTopic('images', async (id) => {
      const row = await media.find(id);
      return row === null ? null : this.#one(row, imageViewOf);
    });
    feed.registerTopic('isos', async (id) => {
      const row = await media.find(id);
      return row === null ? null : this.#one(row, isoViewOf);
    });
  }

  async images(query: ListQuery): Promise<Page<Image>> {
    const revision = this.feed.revision;
    const views = await this.#all(await this.media.all('image'), imageViewOf);
    return pageOf(views, query, { revision, defaultSort: 'name' });
  }

  async isos(query: ListQuery): Promise<Page<Iso>> {
    const revision = this.feed.revision;
    const views = await this.#all(await this.media.all('iso'), isoViewOf);
    return pageOf(views, query, { revision, defaultSort: 'name' });
  }

  async image(id: string): Promise<Image> {
    return this.#one(await this.media.require('image', id), imageViewOf);
  }

  async iso(id: string): Promise<Iso> {
    return this.#one(await this.media.require('iso', id), isoViewOf);
  }

  async #one<View>(row: MediaRow, view: ViewOf<View>): Promise<View> {
    const surroundings = await this.service.surroundings([row]);
    return view(row, surroundings.get(row.id) ?? NONE);
  }

  async #all<View>(rows: readonly MediaRow[], view: ViewOf<View>): Promise<View[]> {
    const surroundings = await this.service.surroundings(rows);
    return rows.map((row) => view(row, surroundings.get(row.id) ?? NONE));
  }
}

type ViewOf<View> = (row: MediaRow, surroundings: MediaSurroundings) => View;
