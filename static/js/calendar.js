// Drags a booking to another day or thing, and draws the days anew when something has changed.
(() => {
  let entry, over
  const draw = (verb, url, values) => htmx.ajax(verb, url, { target: '#grid', select: '#grid', swap: 'outerHTML', values })
  const mark = at => {
    over?.classList.remove('is-over')
    over = entry && at?.closest('[data-day]')
    over?.classList.add('is-over')
    return over
  }
  ondragstart = e => { entry = e.target.closest?.('[data-move]') }
  ondragover = e => mark(e.target) && e.preventDefault()
  ondragend = () => { mark(entry = null) }
  ondrop = e => {
    if (!over) return
    e.preventDefault()
    draw('POST', entry.dataset.move, { ...entry.dataset, ...over.dataset, back: location.search })
  }
  addEventListener('htmx:oobAfterSwap', e => entry || e.target.id !== 'calendar' || draw('GET', location.href))
})()
