using System.Globalization;
using System.Text;

namespace Link.Core.Plugins;

/// <summary>Text that another side wrote, made fit for one line of a message.</summary>
internal static class ForeignText
{
    private const char Ellipsis = '…';

    /// <summary>
    /// On one line, without control, formatting or broken characters, white space as single spaces, cut to a length. What turns a terminal's text around
    /// or hides it is taken out as well.
    /// </summary>
    public static string OneLine(string text, int maxLength = 200)
    {
        var line = new StringBuilder(Math.Min(text.Length, maxLength + 1));
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
