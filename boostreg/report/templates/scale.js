/* ---- the ticks of boostreg/figures/scale.py once more, for a chart that is zoomed ---- */
const MINUS = '\u2212';
const grouped = words => words.replace(/^(-?\d+)/, whole => whole.replace(/\B(?=(\d{3})+$)/g, ','));
const fixed = (value, decimals) => {
  const words = grouped(value.toFixed(decimals));
  return (/[1-9]/.test(words) ? words : words.replace('-', '')).replace('-', MINUS);
};
const significant = (value, digits = 3) => {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 9) {
    const [mantissa, power] = value.toExponential(digits - 1).split('e');
    return `${mantissa.includes('.') ? mantissa.replace(/0+$/, '').replace(/\.$/, '') : mantissa}e${+power}`.replace(/-/g, MINUS);
  }
  const decimals = digits - 1 - exponent;
  const rounded = decimals >= 0 ? value : Math.round(value / 10 ** -decimals) * 10 ** -decimals;
  const words = fixed(rounded, Math.max(decimals, 0));
  return words.includes('.') ? words.replace(/0+$/, '').replace(/\.$/, '') : words;
};
const linearTicks = (low, high, n) => {
  const rough = (high - low) / Math.max(n, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * (1 - 1e-9));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  if (last <= first && n < 6) return linearTicks(low, high, n + 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => [(first + k) * step, fixed((first + k) * step, decimals)]);
};
const decadeLabel = value => {
  for (const [size, unit] of [[1e9, 'G'], [1e6, 'M']]) if (value >= size) return significant(value / size) + unit;
  return value >= 1e5 ? `${significant(value / 1e3)}k` : significant(value);
};
const logTicks = (low, high, n) => {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, n).filter(([value]) => value > 0);
  const whole = Math.floor(Math.log10(high) + 1e-9) - Math.ceil(Math.log10(low) - 1e-9);
  const fine = decades < Math.max(1.2, n / 3) || whole < 1;
  const parts = fine ? [1, 2, 5] : [1], step = fine ? 1 : Math.max(1, Math.ceil(decades / n));
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const phase = ((Math.ceil(Math.log10(low) - 1e-9) % step) + step) % step;
  const ticks = [];
  for (let k = first; k <= last; k += 1) {
    if (((k % step) + step) % step !== phase) continue;
    for (const m of parts) {
      const value = m * 10 ** k;
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push([value, decadeLabel(value)]);
    }
  }
  return ticks;
};
const ticksOf = (scale, low, high, n) => (scale.log ? logTicks : linearTicks)(low, high, n);
