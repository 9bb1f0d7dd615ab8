namespace Link.Cli.Client;

internal enum OutputFormat
{
    Table,
    Json,
}
