// Drags a booking to another day or thing, and has the days drawn anew when something has changed. How is said at #grid.
(() => {
  let entry, over
  const draw = (verb, url, values) => htmx.ajax(verb, url, { source: '#grid', values })
  const mark = at => {
    over?.classList.remove('is-over')
    over = entry && at.closest('[data-day]')
    over?.classList.add('is-over')
    return over
  }
  ondragstart = e => { entry = e.target.closest?.('[data-move]') }
  ondragover = e => mark(e.target) && e.preventDefault()
  ondragend = () => mark(entry = null)
  ondrop = e => {
    e.preventDefault()
    draw('POST', entry.dataset.move, { ...entry.dataset, ...over.dataset })
  }
  addEventListener('htmx:oobAfterSwap', e => entry || e.target.id === 'calendar' && draw('GET', location.href))
})()
