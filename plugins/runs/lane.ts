import { isPromise } from 'openclaw/plugin'
import { type Cancellation, Canceller, orAborted } from '../contracts/cancellation.js'
import { type Place, type SlotLimits, type Slots, tooMany } from './slots.js'
import type { Turn } from './turn.js'

const maxTurns = 20

/** The turns of one session, one after the other. It has one place among all, as long as there are any. */
export class Lane {
  readonly #turns: Turn[] = []
  readonly #waiting = new Canceller()
  readonly #empty: () => void
  /** Turns that were accepted, or are about to be. */
  #size = 0
  #place: Place | undefined
  #admission: Promise<void> | undefined
  #working = false

  constructor(slots: Slots, owner: string, limits: SlotLimits, empty: () => void) {
    this.#empty = empty
    const place = slots.take(owner, limits, this.#waiting)
    if (!isPromise(place)) this.#place = place as Place
    else {
      this.#admission = (place as Promise<Place>).then((free) => {
        this.#admission = undefined
        if (this.#size === 0) free.release()
        else this.#place = free
      })
      this.#admission.catch(() => undefined)
    }
  }

  /** Take part: resolves when the session has its place. Call `leave` afterwards, also when this rejects. Error: `too_many_runs`. */
  enter(cancellation: Cancellation | undefined): Promise<void> | undefined {
    if (++this.#size > maxTurns) throw tooMany('Too many messages wait in this session.')
    return this.#admission && cancellation ? orAborted(this.#admission, cancellation) : this.#admission
  }

  leave() {
    if (--this.#size > 0) return
    this.#empty()
    this.#waiting.abort(undefined)
    this.#place?.release()
  }

  add(turn: Turn) {
    this.#turns.push(turn)
    // One that waits and is not wanted any more need not wait to be closed.
    turn.cancellation.onAbort(() => {
      if (!turn.running) void turn.run()
    })
    // Whoever asked is told that it was accepted before anybody hears of it.
    setImmediate(() => void this.#work())
  }

  remove(turn: Turn) {
    this.#turns.splice(this.#turns.indexOf(turn), 1)
    this.leave()
  }

  *waiting(): Iterable<Turn> {
    for (const turn of this.#turns) if (!turn.running) yield turn
  }

  async #work() {
    if (this.#working) return
    this.#working = true
    for (let next = this.#next(); next; next = this.#next()) await next.run()
    this.#working = false
  }

  #next = () => this.#turns.find((turn) => !turn.running)
}
