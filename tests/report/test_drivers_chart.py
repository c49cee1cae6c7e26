"""The chart of what drives the spread shows its two tables."""

import matplotlib.pyplot as plt

import training_share as ts


def test_chart_shows_both_tables_and_changes_neither():
    est = ts.estimate("minimax", n_draws=2000)
    table, tornado = est.drivers(n=128), est.tornado()
    copies = table.copy(), tornado.copy()
    left, right = ts.drivers_chart(table, tornado)
    assert table.equals(copies[0]) and tornado.equals(copies[1])
    assert [tick.get_text() for tick in left.get_yticklabels()] == list(table["driver"].head(8))
    texts = " ".join(text.get_text() for text in left.texts)
    row = tornado.set_index("driver").loc[table["driver"][0]]
    assert (
        f"p10 {100 * row.share_low:.1f}%" in texts and f"p90 {100 * row.share_high:.1f}%" in texts
    )
    assert right.get_xlim()[0] == 0
    plt.close(left.figure)
