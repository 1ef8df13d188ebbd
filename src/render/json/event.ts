// What happens during an apply or a refresh as JSON documents: schemas/event.schema.json.

import type { ApplyEvent } from '../../core/event.ts'
import { withAddress } from './address.ts'

export function eventJson(event: ApplyEvent, time: Date): object {
  return {
    format: 'fdwsync.event/1',
    time: time.toISOString(),
    ...('key' in event ? withAddress(event) : event),
  }
}
