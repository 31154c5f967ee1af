"""Tables: files of rows read into samples, prepared for training, and answers given in the table's words."""
