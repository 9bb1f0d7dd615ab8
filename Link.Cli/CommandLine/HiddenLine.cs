using System.Text;

namespace Link.Cli.CommandLine;

/// <summary>A line that a person types at the terminal without seeing it.</summary>
internal static class HiddenLine
{
    private const char EndOfTransmission = '\u0004';

    /// <returns>The line; null: the person ended the input.</returns>
    public static string? Read()
    {
        StringBuilder line = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return line.ToString();

                case ConsoleKey.Backspace:
                    line.Length -= Math.Min(line.Length, 1);
                    break;

                case ConsoleKey.D when key.KeyChar == EndOfTransmission || key.Modifiers == ConsoleModifiers.Control:
                    return null;

                default:
                    if (key.KeyChar != '\0')
                    {
                        line.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
