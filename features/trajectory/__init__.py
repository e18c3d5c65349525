"""What is known of a child on a day, as one feature row.

The way in: `features.trajectory.as_of.as_of(clock, child, day)`.

On the way a row passes through, in this order:

- `as_of`: asks the clock what was known by the day;
- `points`: each measurement as a growth point, with its z-scores and whether it says SAM;
- `trace`: the growth points beside the stay in question (`features.episodes`) and the setting;
- `columns`: by group, what each column is called, means and stands for, beside the compiled
  function that computes it; with `windows` (sums over a window of days) and `smoother` (level and
  velocity behind noisy readings);
- `context`: the columns of the child's family and centre, which look beyond its own records;
- `kernel`: calls the groups for one child or for millions; `catalogue`: all columns in their order.

`projection` and `wasting` read the same growth points for charts and for counts of episodes.
"""
