using System.Text;
using Link.Cli.CommandLine;
using Link.Core.Files;

namespace Link.Cli.Client;

/// <summary>
/// Values that do not stand on the command line, which other users see: <c>@FILE</c> is a file's text and <c>-</c> the standard input, both without the
/// newline at their end; <c>@@</c> starts a value that begins with @ itself.
/// </summary>
internal sealed class GivenText(ClientConsole console, CancellationToken cancel)
{
    private const int MaxLength = 1024 * 1024;

    /// <param name="option">Whose value, for messages.</param>
    /// <param name="text">As given.</param>
    /// <exception cref="UsageException">The file cannot be read, or the standard input is asked for twice.</exception>
    public string Read(string option, string text) => text switch
    {
        "-" => ReadInput(option),
        ['@', '@', ..] => text[1..],
        ['@', .. string path] => ReadFile(option, path, text),
        _ => text,
    };

    /// <summary>A file's text without the newline at its end; <c>-</c> is the standard input.</summary>
    /// <inheritdoc cref="Read"/>
    public string ReadFrom(string option, string path) => path == "-" ? ReadInput(option) : ReadFile(option, path, path);

    private string ReadInput(string option)
    {
        if (console.InputIsFor is { } other)
        {
            throw new UsageException($"{other} and {option} cannot both be the standard input; give one as @FILE");
        }

        console.InputIsFor = option;
        TextReader input = console.Input ?? TextReader.Null;

        // A read that waits for a person does not hear Ctrl-C.
        return Task.Run(() => ReadAll(option, input), cancel).WaitAsync(cancel).GetAwaiter().GetResult();
    }

    /// <param name="given">The path as it was given, for messages.</param>
    private static string ReadFile(string option, string path, string given)
    {
        try
        {
            using StreamReader file = new(path, Encoding.UTF8);
            return ReadAll(option, file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"{option} {given} cannot be read: {WatchedText.Reason(fault, path)}");
        }
    }

    private static string ReadAll(string option, TextReader from)
    {
        char[] text = new char[4096];
        StringBuilder all = new();
        for (int count; (count = from.ReadBlock(text, 0, text.Length)) > 0;)
        {
            all.Append(text, 0, count);
            if (all.Length > MaxLength)
            {
                throw new UsageException($"{option} has more than {MaxLength} characters");
            }
        }

        return all.ToString().TrimEnd('\r', '\n');
    }
}
