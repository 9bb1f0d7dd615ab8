using System.CommandLine;
using System.Text;
using Link.Cli.CommandLine;
using Link.Core.Secrets;

namespace Link.Cli.Client.Commands;

/// <summary><c>generate-key</c>: a key for SECRET_STORAGE_ENCRYPTION_KEY. Asks no agent.</summary>
internal static class GenerateKeyCommand
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Command Create(CommandBuilder builder)
    {
        Command command = builder.Make(
            "generate-key",
            "make a key for SECRET_STORAGE_ENCRYPTION_KEY: 32 bytes of the system's random generator, in base64",
            [],
            "generate-key",
            "generate-key --file /etc/link/secret.key");
        Option<bool> hex = new("--hex") { Description = "64 hex digits in place of base64" };
        Option<string?> file = new("--file") { Description = "write it into a new file that its owner alone can read, and do not print it", HelpName = "FILE" };
        command.Options.Add(hex);
        command.Options.Add(file);
        builder.RunAlone(command, (console, options, parsed, _) => Run(console, options.Format(parsed), parsed.GetValue(hex), parsed.GetValue(file)));
        return command;
    }

    private static int Run(ClientConsole console, OutputFormat format, bool hex, string? file)
    {
        if (file is "")
        {
            throw new UsageException("--file needs the name of a file");
        }

        Secret key = KeyText.Create(hex);
        if (file is not null && Write(key, file) is { } fault)
        {
            console.Error.WriteLine($"link-client: {fault}");
            return ExitCode.Failed;
        }

        if (format == OutputFormat.Json)
        {
            ClientRun.WriteJson(console.Output, json =>
            {
                json.WriteStartObject();
                json.WriteString(file is null ? "key" : "file", file ?? key.Reveal());
                json.WriteEndObject();
            });
        }
        else if (file is null)
        {
            console.Output.WriteLine(key.Reveal());
        }

        return ExitCode.Ok;
    }

    /// <returns>Why it is not written, and nothing is left of it; null: it is.</returns>
    private static string? Write(Secret key, string path)
    {
        // As open(2) with O_EXCL: a symlink is a file that exists.
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        bool isOurs = false;
        try
        {
            using FileStream file = new(path, options);
            isOurs = true;
            file.Write(Encoding.ASCII.GetBytes(key.Reveal() + "\n"));
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (isOurs)
            {
                File.Delete(path);
            }

            return !isOurs && (File.Exists(path) || new FileInfo(path).LinkTarget is not null)
                ? $"{path} exists and is not overwritten: what was encrypted with the key in it would be lost; give another name"
                : $"{path} cannot be written: {fault.Message}";
        }
    }
}
