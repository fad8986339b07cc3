// What a page does beyond being read: it shows the figures of a point, sorts tables, and changes between light and dark.

const tip = document.createElement('div');
tip.id = 'tip';
tip.setAttribute('role', 'status');
tip.hidden = true;
document.body.append(tip);

function showTip(point) {
  tip.textContent = point.getAttribute('aria-label');
  tip.hidden = false;
  const place = point.getBoundingClientRect();
  const room = tip.getBoundingClientRect();
  const left = place.left + place.width / 2 - room.width / 2;
  const above = place.top - room.height - 8;
  tip.style.left = `${Math.max(4, Math.min(left, document.documentElement.clientWidth - room.width - 4))}px`;
  tip.style.top = `${above < 4 ? place.bottom + 8 : above}px`;
  for (const twin of document.querySelectorAll('.point')) {
    twin.classList.toggle('marked', twin.dataset.level === point.dataset.level);
  }
}

function hideTip() {
  tip.hidden = true;
  for (const point of document.querySelectorAll('.point.marked')) point.classList.remove('marked');
}

for (const point of document.querySelectorAll('.point')) {
  for (const kind of ['pointerenter', 'focus']) point.addEventListener(kind, () => showTip(point));
  for (const kind of ['pointerleave', 'blur']) point.addEventListener(kind, hideTip);
}
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') hideTip();
});

// The tab key stops once at each chart, and the arrows go from point to point.
const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
for (const chart of document.querySelectorAll('.chart svg')) {
  const points = [...chart.querySelectorAll('.point')];
  for (const point of points.slice(1)) point.tabIndex = -1;
  chart.addEventListener('keydown', (event) => {
    const at = points.indexOf(event.target);
    const next = points[at + (steps[event.key] ?? 0)];
    if (at < 0 || next === undefined || next === event.target) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
addEventListener('scroll', hideTip, { passive: true });

const numberIn = (cell) => Number(cell.dataset.value ?? (cell.textContent || Number.NaN));

function compareCells(left, right) {
  const difference = numberIn(left) - numberIn(right);
  return Number.isNaN(difference) ? left.textContent.localeCompare(right.textContent, 'en') : difference;
}

function sortBy(heading) {
  const table = heading.closest('table');
  const column = [...heading.parentElement.children].indexOf(heading);
  const sign = heading.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
  for (const other of heading.parentElement.children) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', sign === 1 ? 'ascending' : 'descending');
  const rows = [...table.tBodies[0].rows];
  rows.sort((left, right) => sign * compareCells(left.cells[column], right.cells[column]));
  table.tBodies[0].append(...rows);
}

for (const heading of document.querySelectorAll('thead th')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...heading.childNodes);
  button.addEventListener('click', () => sortBy(heading));
  heading.append(button);
}

const theme = document.createElement('button');
theme.id = 'theme';
theme.type = 'button';
const isDark = () => {
  const { theme: chosen } = document.documentElement.dataset;
  return chosen === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : chosen === 'dark';
};
const nameTheme = () => {
  theme.textContent = isDark() ? 'Light' : 'Dark';
};
theme.addEventListener('click', () => {
  document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
  nameTheme();
});
nameTheme();
document.body.prepend(theme);
