using System.Text;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Exec;

/// <summary>Makes one line for the operator of what a program wrote.</summary>
/// <param name="secrets">What may not be in it.</param>
internal sealed class ProgramText(IEnumerable<string> secrets)
{
    private const int MaxLength = 300;

    /// <summary>Also a secret's single lines, because a program may write one of them. The longest first: one may be part of another.</summary>
    private readonly string[] _secrets =
    [
        .. secrets.SelectMany(static secret => secret.Split('\n').Append(secret))
            .Select(static secret => secret.Trim('\r', '\n'))
            .Where(static secret => secret.Length > 0)
            .Distinct()
            .OrderByDescending(static secret => secret.Length),
    ];

    /// <summary>The last line that is not blank, without control characters and secrets; empty: there is none.</summary>
    /// <param name="isCut">The output's beginning is not there: its first line may begin in the middle of a secret.</param>
    public string LastLine(byte[] output, bool isCut)
    {
        string text = Encoding.UTF8.GetString(output);
        if (isCut)
        {
            int line = text.IndexOf('\n');
            if (line < 0)
                return "(its last line is too long to be shown)";
            text = text[line..];
        }

        string[] lines = Hide(text).Split(['\n', '\r']);
        string last = Array.FindLast(Array.ConvertAll(lines, static line => ForeignText.OneLine(line, int.MaxValue)), static line => line.Length > 0) ?? "";

        // Once more after that: a secret with something between that cannot be seen is whole now.
        return ForeignText.OneLine(Hide(last), MaxLength);
    }

    private string Hide(string text)
    {
        foreach (string secret in _secrets)
            text = text.Replace(secret, Secret.Mask, StringComparison.Ordinal);
        return text;
    }
}
