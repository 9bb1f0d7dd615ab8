namespace Link.Cli.Client;

/// <summary>Columns of text, two spaces apart. Empty cells show a dash, so that each line has the same number of words or more.</summary>
internal sealed class Table(params string[] titles)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => string.IsNullOrEmpty(cell) ? "-" : OneLine(cell))]);

    /// <param name="output">Where to.</param>
    /// <param name="paint">Gives a cell its colour, by title and text.</param>
    public void Write(TextWriter output, Func<string, string, string> paint)
    {
        int[] widths = Array.ConvertAll(titles, static title => title.Length);
        foreach (string[] row in _rows)
        {
            for (int column = 0; column < widths.Length; column++)
                widths[column] = Math.Max(widths[column], row[column].Length);
        }

        WriteRow(output, titles, widths, (_, text) => text);
        foreach (string[] row in _rows)
        {
            WriteRow(output, row, widths, paint);
        }
    }

    private void WriteRow(TextWriter output, string[] cells, int[] widths, Func<string, string, string> paint)
    {
        for (int column = 0; column < cells.Length; column++)
        {
            bool last = column == cells.Length - 1;
            output.Write(paint(titles[column], cells[column]));
            output.Write(last ? "" : new string(' ', widths[column] - cells[column].Length + 2));
        }

        output.WriteLine();
    }

    // Names and reasons come from other hosts: no control character of theirs reaches the terminal.
    public static string OneLine(string text) => string.Create(text.Length, text, static (line, from) =>
    {
        for (int i = 0; i < line.Length; i++)
            line[i] = char.IsControl(from[i]) ? ' ' : from[i];
    });
}
