-- The roles that the programs log in by, each in its group of db/roles.sql, once `tracker --migrate` has made these.
DO $$
BEGIN
    IF to_regrole('"vcledger-handler"') IS NULL THEN
        CREATE ROLE "vcledger-handler" LOGIN IN ROLE vcledger_handler;
    END IF;
    IF to_regrole('"vcledger-tracker"') IS NULL THEN
        CREATE ROLE "vcledger-tracker" LOGIN IN ROLE vcledger_tracker;
    END IF;
END $$;
