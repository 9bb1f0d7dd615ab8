using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>One command under way: the agent to ask and the output to write.</summary>
internal sealed class ClientRun : IDisposable
{
    private static readonly JsonWriterOptions s_json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly bool _colors;

    public ClientRun(ClientConsole console, GlobalOptions options, ParseResult parsed, CancellationToken cancel)
    {
        Console = console;
        Parsed = parsed;
        Cancel = cancel;
        IsJson = options.Format(parsed) == OutputFormat.Json;
        _colors = options.Colors(parsed, console);
        ApiClientOptions agent = options.Agent(parsed, console, cancel);
        if (agent.ShowsPassword)
        {
            console.Error.WriteLine($"{ClientProgram.Name}: warning: the password goes to {agent.Url!.Host} in clear; use https");
        }

        Agent = new ApiClient(agent);
    }

    public ClientConsole Console { get; }

    public ParseResult Parsed { get; }

    public CancellationToken Cancel { get; }

    public ApiClient Agent { get; }

    public bool IsJson { get; }

    public TextWriter Output => Console.Output;

    /// <summary>The colour of a state, on a terminal.</summary>
    public string Paint(string title, string text)
    {
        string? color = title != "STATUS" || !_colors ? null : text switch
        {
            "ACTIVATED" => "32",
            "STANDBY" => "36",
            "FAILING" => "31",
            _ => "33",
        };
        return color is null ? text : $"\e[{color}m{text}\e[0m";
    }

    /// <summary>Says what was done: a line for people, or an object.</summary>
    public void Say(string line, Action<Utf8JsonWriter> json)
    {
        if (IsJson)
        {
            WriteJson(json);
        }
        else
        {
            Output.WriteLine(line);
        }
    }

    public void WriteFields(List<(string Name, string? Value)> fields)
    {
        List<(string Name, string? Value)> known = fields.FindAll(field => !string.IsNullOrEmpty(field.Value));
        int width = 0;
        known.ForEach(field => width = Math.Max(width, field.Name.Length));
        foreach ((string name, string? value) in known)
        {
            Output.WriteLine($"{name.PadRight(width)}  {Paint(name, Table.OneLine(value!))}");
        }
    }

    public void WriteJson(Action<Utf8JsonWriter> write) => WriteJson(Output, write);

    public static void WriteJson(TextWriter output, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_json))
        {
            write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    public void Dispose() => Agent.Dispose();
}
