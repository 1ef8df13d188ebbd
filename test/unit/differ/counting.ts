// Counts how often code looks at data: each property that it reads, each item that it iterates over, each key that it looks up.

export interface Counter {
  steps: number
}

/** The same data, counting. What was given once is given again as the same object, since code may compare by identity. */
export function counting<Data>(data: Data, counter: Counter): Data {
  const known = new WeakMap<object, unknown>()
  const wrap = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const before = known.get(value)
    if (before !== undefined) return before
    const wrapped = wrapObject(value)
    known.set(value, wrapped)
    if (typeof wrapped === 'object') known.set(wrapped, wrapped)
    return wrapped
  }
  const wrapObject = (value: object): object => {
    if (value instanceof Map)
      return new CountingMap(
        Array.from(value, ([key, item]) => [key, wrap(item)]),
        counter,
      )
    if (value instanceof Set) return value
    return new Proxy(value, {
      get(target, name, receiver) {
        counter.steps++
        return wrap(Reflect.get(target, name, receiver))
      },
    })
  }
  return wrap(data) as Data // the proxies have the type of what they stand for
}

class CountingMap<Key, Value> extends Map<Key, Value> {
  // Without a value while the constructor of Map fills it.
  readonly #counter: Counter | undefined

  constructor(entries: Iterable<readonly [Key, Value]>, counter: Counter) {
    super(entries)
    this.#counter = counter
  }

  override get(key: Key): Value | undefined {
    this.#count()
    return super.get(key)
  }

  override has(key: Key): boolean {
    this.#count()
    return super.has(key)
  }

  override *entries(): MapIterator<[Key, Value]> {
    for (const entry of super.entries()) {
      this.#count()
      yield entry
    }
  }

  override *keys(): MapIterator<Key> {
    for (const [key] of this.entries()) yield key
  }

  override *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value
  }

  override [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries()
  }

  #count(): void {
    if (this.#counter) this.#counter.steps++
  }
}
