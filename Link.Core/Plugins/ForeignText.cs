using System.Globalization;
using System.Text;

namespace Link.Core.Plugins;

/// <summary>Text that another side wrote, made fit for one line of a message.</summary>
internal static class ForeignText
{
    private const char Ellipsis = '…';

    /// <summary>A value that is wrong, to be quoted in a message: its beginning, with question marks for what cannot be seen.</summary>
    public static string Quotable(string value, int maxLength = 80)
    {
        var shown = new StringBuilder();
        foreach (char c in value.AsSpan(0, Math.Min(value.Length, maxLength)))
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? '?' : c);
        return shown.Append(value.Length > maxLength ? "…" : "").ToString();
    }

    /// <summary>
    /// On one line, without control, formatting or broken characters, white space as single spaces, cut to a length. What turns a terminal's text around
    /// or hides it is taken out as well.
    /// </summary>
    public static string OneLine(string text, int maxLength = 200)
    {
        var line = new StringBuilder((int)Math.Min(text.Length, maxLength + 1L));
        bool space = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune) || Rune.IsControl(rune))
            {
                space = line.Length > 0;
                continue;
            }

            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned || rune == Rune.ReplacementChar)
                continue;
            if (line.Length + rune.Utf16SequenceLength + (space ? 1 : 0) > maxLength)
                return line.Append(Ellipsis).ToString();
            if (space)
                line.Append(' ');
            space = false;
            line.Append(rune.ToString());
        }

        return line.ToString();
    }
}
