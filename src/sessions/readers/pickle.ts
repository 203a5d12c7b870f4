import { textOf } from './bytes-as-text.ts'
import { Cursor } from './cursor.ts'
import { Links } from './links.ts'
import { plain, type Built } from './pickle-built.ts'
import { pickleOpcodes as op } from './pickle-opcodes.ts'
import { quotedBytes, rawUnicodeEscaped } from './pickle-text.ts'
import type { PayloadReader } from './value.ts'

/**
 * Reads Python's pickle, protocols 0 to 5. It only notes what a payload builds: no name is looked up and nothing is called. An object is the map of its state if it has one,
 * else undefined; tuples and sets are lists; bytes are text if they are UTF-8, else each byte a character.
 */
export const readPickle: PayloadReader = (payload) => {
  const machine = new PickleMachine(payload)
  return plain(machine.run(), 0, new Links(), new Set())
}

const mark = Symbol('mark')

/** One payload, run once (`pickletools.py` and `pickle.py` of Python 3.11). */
class PickleMachine {
  readonly #from: Cursor
  readonly #stack: (Built | typeof mark)[] = []
  readonly #memo = new Map<number, Built>()

  constructor(payload: Uint8Array) {
    this.#from = new Cursor(payload, 'pickle')
  }

  run(): Built {
    for (;;) {
      const code = this.#from.byte()
      if (code === op.stop) break
      this.#step(code)
    }
    const value = this.#pop()
    if (this.#stack.length > 0) throw this.#from.broken('leaves something on the stack')
    this.#from.end()
    return value
  }

  #step(code: number): void {
    switch (code) {
      case op.proto:
        if (this.#from.byte() > 5) throw this.#from.broken('a protocol after 5')
        return
      case op.frame:
        this.#from.take(8)
        return
      case op.mark:
        this.#stack.push(mark)
        return
      case op.pop:
        if (this.#stack.length === 0) throw this.#from.broken('takes from an empty stack')
        this.#stack.pop()
        return
      case op.popMark:
        this.#toMark()
        return
      case op.dup:
        this.#push(this.#top())
        return
      case op.append:
        return this.#extend('list', [this.#pop()])
      case op.appends:
      case op.addItems:
        return this.#extend('list', this.#toMark())
      case op.setItem: {
        const value = this.#pop()
        return this.#extend('dict', [this.#pop(), value])
      }
      case op.setItems:
        return this.#extend('dict', this.#toMark())
      case op.put:
        this.#memo.set(this.#decimal(), this.#top())
        return
      case op.binPut:
        this.#memo.set(this.#from.byte(), this.#top())
        return
      case op.longBinPut:
        this.#memo.set(this.#from.take(4).readUInt32LE(), this.#top())
        return
      case op.memoize:
        this.#memo.set(this.#memo.size, this.#top())
        return
      case op.build: {
        const state = this.#pop()
        const object = this.#top()
        // Of a class that is not there a plain value may stand in its place: it has no state.
        if (typeof object === 'object' && object?.is === 'object') object.state = state
        return
      }
      default:
        this.#push(this.#made(code))
    }
  }

  /** What an opcode puts on the stack, after it has taken what it needs. */
  #made(code: number): Built {
    switch (code) {
      case op.none:
        return null
      case op.newTrue:
        return true
      case op.newFalse:
        return false
      case op.int: {
        const text = this.#line()
        return text === '00' || text === '01' ? text === '01' : this.#number(text)
      }
      case op.long:
        return this.#number(this.#line().replace(/L$/, ''))
      case op.binInt:
        return this.#from.take(4).readInt32LE()
      case op.binInt1:
        return this.#from.byte()
      case op.binInt2:
        return this.#from.take(2).readUInt16LE()
      case op.long1:
        return this.#long(this.#from.byte())
      case op.long4:
        return this.#long(this.#from.take(4).readInt32LE())
      case op.float: {
        const text = this.#line()
        if (!/^-?([0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?|inf|nan)$/.test(text))
          throw this.#from.broken('no number where one must be')
        return Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'))
      }
      case op.binFloat:
        return this.#from.take(8).readDoubleBE()
      case op.string: {
        const text = quotedBytes(this.#line())
        if (text === undefined) throw this.#from.broken('a text that Python does not write so')
        return textOf(text)
      }
      case op.unicode: {
        const text = rawUnicodeEscaped(this.#line())
        if (text === undefined) throw this.#from.broken('a character that does not exist')
        return text
      }
      case op.shortBinString:
      case op.shortBinUnicode:
      case op.shortBinBytes:
        return textOf(this.#from.take(this.#from.byte()))
      case op.binString:
      case op.binUnicode:
      case op.binBytes:
        return textOf(this.#from.take(this.#from.take(4).readUInt32LE()))
      case op.binUnicode8:
      case op.binBytes8:
      case op.byteArray8:
        return textOf(this.#from.take(Number(this.#from.take(8).readBigUInt64LE())))
      case op.emptyList:
      case op.emptyTuple:
      case op.emptySet:
        return { is: 'list', items: [] }
      case op.list:
      case op.tuple:
      case op.frozenSet:
        return { is: 'list', items: this.#toMark() }
      case op.tuple1:
        return { is: 'list', items: [this.#pop()] }
      case op.tuple2:
        return { is: 'list', items: [this.#pop(), this.#pop()].toReversed() }
      case op.tuple3:
        return { is: 'list', items: [this.#pop(), this.#pop(), this.#pop()].toReversed() }
      case op.emptyDict:
        return { is: 'dict', pairs: [] }
      case op.dict:
        return { is: 'dict', pairs: this.#toMark() }
      case op.get:
        return this.#remembered(this.#decimal())
      case op.binGet:
        return this.#remembered(this.#from.byte())
      case op.longBinGet:
        return this.#remembered(this.#from.take(4).readUInt32LE())
      case op.global:
        this.#line()
        this.#line()
        return undefined
      case op.stackGlobal:
      case op.reduce:
      case op.newObject:
        this.#pop()
        this.#pop()
        return this.#unmade(code)
      case op.newObjectEx:
        this.#pop()
        this.#pop()
        this.#pop()
        return this.#unmade(code)
      case op.inst:
        this.#line()
        this.#line()
        this.#toMark()
        return this.#unmade(code)
      case op.object:
        this.#toMark()
        return this.#unmade(code)
      default:
        throw this.#from.broken('an opcode that no session needs')
    }
  }

  /** What would be an object, if anybody made it. */
  #unmade(code: number): Built {
    return code === op.stackGlobal ? undefined : { is: 'object', state: undefined }
  }

  #push(value: Built): void {
    this.#stack.push(value)
  }

  #pop(): Built {
    if (this.#stack.length === 0) throw this.#from.broken('takes from an empty stack')
    const value = this.#stack.pop()
    if (value === mark) throw this.#from.broken('takes a mark for a value')
    return value
  }

  #top(): Built {
    const value = this.#pop()
    this.#push(value)
    return value
  }

  #toMark(): Built[] {
    const at = this.#stack.lastIndexOf(mark)
    if (at === -1) throw this.#from.broken('goes back to a mark that is not there')
    return this.#stack.splice(at).slice(1) as Built[]
  }

  #extend(to: 'list' | 'dict', values: readonly Built[]): void {
    const part = this.#top()
    if (typeof part !== 'object' || part === null) {
      if (part === undefined) return
      throw this.#from.broken('adds to what is neither a list nor a dict')
    }
    // Subclasses of list and dict are objects that are filled by the same opcodes.
    if (part.is === 'object') part.state ??= to === 'list' ? { is: 'list', items: [] } : { is: 'dict', pairs: [] }
    const target = part.is === 'object' ? part.state : part
    if (typeof target !== 'object' || target === null || target.is !== to)
      throw this.#from.broken('adds to what is something else')
    const into = target.is === 'list' ? target.items : target.pairs
    for (const value of values) into.push(value)
  }

  #remembered(number: number): Built {
    if (!this.#memo.has(number)) throw this.#from.broken('a number that nothing has')
    return this.#memo.get(number)
  }

  /** Up to the end of the line. */
  #line(): string {
    const length = this.#from.distanceTo(0x0a)
    if (length === undefined) throw this.#from.broken('a line that does not end')
    const bytes = this.#from.take(length)
    this.#from.take(1)
    return bytes.toString('latin1')
  }

  #decimal(): number {
    const text = this.#line()
    if (!/^[0-9]{1,9}$/.test(text)) throw this.#from.broken('no number where one must be')
    return Number(text)
  }

  #number(text: string): number | bigint {
    // Digits beyond this take long to read, and no id has so many.
    if (!/^-?[0-9]{1,400}$/.test(text)) throw this.#from.broken('no number where one must be')
    return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
  }

  /** Two's complement, the least byte first. */
  #long(length: number): number | bigint {
    const bytes = this.#from.take(length)
    if (length === 0) return 0
    const value = BigInt.asIntN(8 * length, BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`))
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
}
